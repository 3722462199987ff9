from django.urls import path

from ringfence.portal.firewall import views

urlpatterns = [
    path("firewall", views.firewall),
    path("firewall/<slug:form>", views.rendering),
]
