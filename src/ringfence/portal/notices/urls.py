from django.urls import path

from ringfence.portal.notices import views

urlpatterns = [
    path("security/notices", views.destinations),
    path("security/notices/new/<str:means>", views.new),
    path("security/notices/<int:destination_id>", views.edit),
    path("security/notices/<int:destination_id>/key", views.renew_key),
    path("security/notices/<int:destination_id>/test", views.test),
    path("security/notices/<int:destination_id>/delete", views.delete),
]
