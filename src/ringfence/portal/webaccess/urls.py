from django.urls import path

from ringfence.portal.webaccess import uploads, views

urlpatterns = [
    path("large-upload", uploads.large_upload),
    path("web-access", views.web_access),
    path("web-access/certificate", views.certificate),
]
