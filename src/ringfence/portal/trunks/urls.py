from django.urls import path

from ringfence.portal.trunks import views

urlpatterns = [
    path("trunks", views.trunks),
    path("trunks/new/<str:kind>", views.new),
    path("trunks/<int:trunk_id>", views.edit),
    path("trunks/<int:trunk_id>/delete", views.delete),
]
