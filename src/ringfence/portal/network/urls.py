from django.urls import path

from ringfence.portal.network import views

urlpatterns = [path("voice-network", views.voice_network)]
