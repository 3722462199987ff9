from django.urls import path

from ringfence.portal.recordings import views

urlpatterns = [
    path("recordings", views.list_recordings),
    path("recordings/bulk", views.BULK.view()),
    path("recordings/<int:recording_id>/audio", views.recording_audio),
    path("recordings/<int:recording_id>/delete", views.delete_recording),
    path("recordings/tenants/<int:tenant_id>", views.settings),
    path("recordings/tenants/<int:tenant_id>/announcement", views.announcement),
    path("my/recordings", views.my_recordings),
    path("my/recordings/<int:recording_id>/audio", views.my_audio),
    path("users/<int:user_id>/recording", views.of_extension),
    path("calls/<str:call_id>/recording/start", views.switch, {"wanted": "start"}),
    path("calls/<str:call_id>/recording/stop", views.switch, {"wanted": "stop"}),
]
