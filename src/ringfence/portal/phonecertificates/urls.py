from django.urls import path

from ringfence.portal.phonecertificates import views

urlpatterns = [
    path("phone-certificates", views.certificates),
    path("phone-certificates/new", views.make),
    path("phone-certificates/authority", views.signer),
    path("phone-certificates/<int:certificate_id>/revoke", views.revoke),
]
