from django.urls import path

from ringfence.portal.retention import views

urlpatterns = [path("kept-data", views.kept_data)]
