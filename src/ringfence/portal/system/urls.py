from django.urls import path

from ringfence.portal.system import views

urlpatterns = [
    path("", views.dashboard),
    path("dashboard/numbers", views.numbers),
    path("dashboard/calls.json", views.calls_chart),
    path("setup", views.setup),
]
