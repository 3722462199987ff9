from django.urls import path

from ringfence.portal.doctor import views

urlpatterns = [
    path("doctor", views.doctor),
    path("doctor/scores.json", views.scores),
    path("doctor/keep", views.keep),
    path("doctor/fix/<str:check_id>", views.fix),
]
