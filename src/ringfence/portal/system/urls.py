from django.urls import path

from ringfence.portal.system import views

urlpatterns = [
    path("setup", views.setup),
]
