from django.urls import path

from ringfence.portal.webaccess import views

urlpatterns = [
    path("web-access", views.web_access),
    path("web-access/certificate", views.certificate),
]
