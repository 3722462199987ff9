from django.urls import path

from ringfence.portal.security import views

urlpatterns = [
    path("ip-blacklist", views.ip_blacklist),
    path("ip-blacklist/bans", views.bans),
    path("ip-blacklist/new", views.new_entry),
    path("ip-blacklist/lift", views.lift),
    path("ip-blacklist/<int:entry_id>/delete", views.delete_entry),
    path("security/web-login", views.web_login),
    path("security/anti-hacking", views.anti_hacking),
    path("security/blocked-user-agents", views.blocked_user_agents),
    path("security/blocked-user-agents/<int:row_id>/delete", views.delete_user_agent),
]
