from django.urls import path, re_path

from ringfence.portal.provisioning import import_page, own, serve, views

urlpatterns = [
    path("provisioning/<str:token>/<str:name>", serve.file_of_a_phone),
    re_path(r"^provisioning(?:/.*)?$", serve.file_of_a_phone),
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
