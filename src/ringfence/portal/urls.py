"""Every address of the portal."""

from django.urls import include, path

from ringfence.portal.api import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("ringfence.portal.system.urls")),
]
