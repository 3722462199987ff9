from django.urls import path

from ringfence.portal.system import guide_views, health, views

urlpatterns = [
    path("", views.dashboard),
    path("dashboard/numbers", views.numbers),
    path("dashboard/calls.json", views.calls_chart),
    path("healthz", health.healthz),
    path("setup", views.setup),
    path("setup/guide", guide_views.resume),
    path("setup/guide/<str:name>", guide_views.show),
    path("setup/guide/<str:name>/done", guide_views.go_on),
]
