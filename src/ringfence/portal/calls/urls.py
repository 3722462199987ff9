from django.urls import path

from ringfence.portal.calls import record_views, views

urlpatterns = [
    path("registrations", views.registrations),
    path("calls", views.calls),
    path("cdrs/<int:record_id>", record_views.record),
    path("calls/<str:call_id>/hang-up", views.hang_up),
    path("cdrs", views.records),
    path("cdrs/days.json", views.days_chart),
]
