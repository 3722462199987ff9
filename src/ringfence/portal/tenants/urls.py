from django.urls import path

from ringfence.portal.tenants import media_views, signaling_views, views

urlpatterns = [
    path("tenants", views.tenants),
    path("tenants/new", views.new),
    path("tenants/<int:tenant_id>", views.rename),
    path("tenants/<int:tenant_id>/delete", views.delete),
    path("tenants/<int:tenant_id>/media", media_views.tenant_media),
    path("tenants/<int:tenant_id>/signaling", signaling_views.tenant_signaling),
]
