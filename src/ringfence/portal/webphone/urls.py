from django.urls import path

from ringfence.portal.webphone import views

urlpatterns = [
    path("phone", views.phone),
    path("phone/credential", views.credential),
    path("phone/state", views.state),
    path("phone/calls", views.calls),
    path("phone/voicemails", views.voicemails),
]
