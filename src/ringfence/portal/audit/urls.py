from django.urls import path

from ringfence.portal.audit import views

urlpatterns = [path("audit-log", views.entries)]
