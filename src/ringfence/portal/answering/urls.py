from django.urls import path

from ringfence.portal.answering import bulk, timed_views, views

urlpatterns = [
    path("ring-groups", views.list_groups),
    path("ring-groups/bulk", bulk.OF_GROUPS.view()),
    path("ring-groups/new", views.new_group),
    path("ring-groups/<int:group_id>", views.group),
    path("ring-groups/<int:group_id>/delete", views.delete_group),
    path("time-conditions", timed_views.list_conditions),
    path("time-conditions/bulk", bulk.OF_CONDITIONS.view()),
    path("time-conditions/new", timed_views.new_condition),
    path("time-conditions/<int:row_id>", timed_views.condition),
    path("time-conditions/<int:row_id>/delete", timed_views.delete_condition),
    path("announcements", views.list_announcements),
    path("announcements/bulk", bulk.OF_ANNOUNCEMENTS.view()),
    path("announcements/new", views.new_announcement),
    path("announcements/<int:announcement_id>/delete", views.delete_announcement),
]
