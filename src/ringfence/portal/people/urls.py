from django.urls import path

from ringfence.portal.people import calling_views, directory_views, import_page, limit_views, media_views, own, views

urlpatterns = [
    path("users", views.users),
    path("my", own.my_extension),
    path("my/calls", own.my_calls),
    path("my/calling", calling_views.my_calling),
    path("my/call", calling_views.call),
    path("my/devices", own.my_devices),
    path("users/bulk", views.bulk),
    path("users/import", import_page.import_users),
    path("users/new", views.new),
    path("users/<int:user_id>", views.user),
    path("users/<int:user_id>/calling", calling_views.calling_of_user),
    path("users/<int:user_id>/sip-secret", views.rotate_secret),
    path("users/<int:user_id>/delete", views.delete),
    path("users/<int:user_id>/calls", limit_views.call_limit),
    path("users/<int:user_id>/media", media_views.user_media),
    path("roles", directory_views.list_roles),
    path("roles/new", directory_views.new_role),
    path("roles/<int:role_id>", directory_views.role),
    path("roles/<int:role_id>/delete", directory_views.delete_role),
    path("groups", directory_views.list_groups),
    path("groups/new", directory_views.new_group),
    path("groups/<int:group_id>", directory_views.group),
    path("groups/<int:group_id>/delete", directory_views.delete_group),
    path("groups/<int:group_id>/members/<int:user_id>/delete", directory_views.leave_group),
    path("operators", directory_views.list_operators),
    path("operators/new", directory_views.new_operator),
    path("operators/<int:operator_id>", directory_views.operator),
    path("operators/<int:operator_id>/delete", directory_views.delete_operator),
]
