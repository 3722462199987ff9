from django.urls import path

from ringfence.portal.people import import_page, own, views

urlpatterns = [
    path("users", views.users),
    path("my", own.my_extension),
    path("my/calls", own.my_calls),
    path("my/devices", own.my_devices),
    path("users/bulk", views.bulk),
    path("users/import", import_page.import_users),
    path("users/new", views.new),
    path("users/<int:user_id>", views.user),
    path("users/<int:user_id>/sip-secret", views.rotate_secret),
    path("users/<int:user_id>/delete", views.delete),
]
