from django.urls import path

from ringfence.portal.transports import views

urlpatterns = [path("transports", views.transports)]
