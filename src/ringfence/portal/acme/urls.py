from django.urls import path

from ringfence.portal.acme import views

urlpatterns = [path("web-access/acme", views.acme), path("web-access/acme/order", views.order)]
