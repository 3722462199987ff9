from django.urls import path

from ringfence.portal.sbc import views

urlpatterns = [path("sbc", views.sbc)]
