from django.urls import path

from ringfence.portal.transports import certificates_views, views

urlpatterns = [
    path("transports", views.transports),
    path("transports/certificates", certificates_views.certificates),
    path("transports/certificates/<int:tenant_id>", certificates_views.bring),
]
