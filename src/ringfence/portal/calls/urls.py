from django.urls import path

from ringfence.portal.calls import views

urlpatterns = [
    path("registrations", views.registrations),
    path("calls", views.calls),
    path("calls/<str:call_id>/hang-up", views.hang_up),
    path("cdrs", views.records),
    path("cdrs/days.json", views.days_chart),
]
