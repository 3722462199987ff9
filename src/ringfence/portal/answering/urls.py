from django.urls import path

from ringfence.portal.answering import views

urlpatterns = [
    path("ring-groups", views.list_groups),
    path("ring-groups/new", views.new_group),
    path("ring-groups/<int:group_id>", views.group),
    path("ring-groups/<int:group_id>/delete", views.delete_group),
    path("announcements", views.list_announcements),
    path("announcements/new", views.new_announcement),
    path("announcements/<int:announcement_id>/delete", views.delete_announcement),
]
