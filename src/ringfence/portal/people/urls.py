from django.urls import path

from ringfence.portal.people import views

urlpatterns = [
    path("users", views.users),
    path("users/bulk", views.bulk),
    path("users/new", views.new),
    path("users/<int:user_id>", views.user),
    path("users/<int:user_id>/sip-secret", views.rotate_secret),
    path("users/<int:user_id>/delete", views.delete),
]
