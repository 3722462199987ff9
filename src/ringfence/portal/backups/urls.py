from django.urls import path

from ringfence.portal.backups import views

urlpatterns = [
    path("backups", views.backups),
    path("backups/new", views.make_now),
    path("backups/<int:backup_id>/file", views.download),
    path("backups/<int:backup_id>/delete", views.delete),
]
