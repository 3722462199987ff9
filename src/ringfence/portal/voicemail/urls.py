from django.urls import path

from ringfence.portal.voicemail import views

urlpatterns = [
    path("voicemail", views.list_messages),
    path("voicemail/bulk", views.BULK.view()),
    path("voicemail/<int:message_id>/audio", views.message_audio),
    path("voicemail/<int:message_id>/delete", views.delete_message),
    path("voicemail/tenants/<int:tenant_id>", views.settings),
    path("my/voicemail", views.my_messages),
    path("my/voicemail/bulk", views.delete_own_marked),
    path("my/voicemail/settings", views.my_mailbox),
    path("my/voicemail/greeting", views.my_greeting),
    path("my/voicemail/<int:message_id>/audio", views.my_audio),
    path("my/voicemail/<int:message_id>/delete", views.delete_own),
    path("users/<int:user_id>/voicemail", views.mailbox),
    path("users/<int:user_id>/voicemail/greeting", views.greeting),
]
