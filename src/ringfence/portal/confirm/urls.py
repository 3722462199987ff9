from django.urls import path

from ringfence.portal.confirm import views

urlpatterns = [
    path("unconfirmed-changes", views.banner),
    path("unconfirmed-changes/<int:number>/confirm", views.confirm),
    path("unconfirmed-changes/<int:number>/revert", views.revert),
]
