from typing import Final

from django.urls import path, re_path

from ringfence.portal.provisioning import import_page, own, serve, views

GUESSED: Final = r"^(?!static/)(?:.*/)?[A-Za-z]{0,10}-?[0-9A-Fa-f]{12}[^/]*\.[A-Za-z]{3,5}$"
"""Whoever tries MAC addresses does not know where the directories lie, and begins at the top (attack case V100)."""

urlpatterns = [
    re_path(r"^provisioning/(?P<token>[^/]+)/+(?P<name>[^/]+)$", serve.file_of_a_phone),
    re_path(r"^provisioning(?:/.*)?$", serve.file_of_a_phone),
    re_path(GUESSED, serve.file_of_a_phone),
    path("phones", views.phones),
    path("phones/bulk", views.bulk),
    path("phones/import", import_page.import_phones),
    path("phones/new", views.new),
    path("phones/rules", views.rules),
    path("phones/<int:phone_id>", views.phone),
    path("phones/<int:phone_id>/directory", views.directory),
    path("phones/<int:phone_id>/open", views.reopen),
    path("phones/<int:phone_id>/rotate", views.rotate),
    path("phones/<int:phone_id>/delete", views.delete),
    path("my/phones", own.my_phones),
    path("my/phones/add", own.add_app),
    path("my/phones/<int:phone_id>/delete", own.delete),
]
