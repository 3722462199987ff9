from django.urls import path

from ringfence.portal.security import ban_views, dashboard_views, entry_views, own_bans, views

urlpatterns = [
    path("ip-blacklist", ban_views.bans),
    path("blocked-addresses", own_bans.own_bans),
    path("blocked-addresses/lift", own_bans.lift),
    path("ip-blacklist/lift", ban_views.lift),
    path("ip-blacklist/bulk", ban_views.lift_marked),
    path("ip-blacklist/never-block", ban_views.never_block),
    path("ip-blacklist/bans/<path:address>", ban_views.evidence),
    path("ip-blacklist/entries", entry_views.entries),
    path("ip-blacklist/entries/bulk", entry_views.bulk),
    path("ip-blacklist/new", entry_views.new_entry),
    path("ip-blacklist/import", entry_views.import_list),
    path("ip-blacklist/import/apply", entry_views.apply_list),
    path("ip-blacklist/export", entry_views.export),
    path("ip-blacklist/<int:entry_id>/delete", entry_views.delete_entry),
    path("security-dashboard", dashboard_views.dashboard),
    path("security-dashboard/now", dashboard_views.now),
    path("security-dashboard/chart.json", dashboard_views.attacks_chart),
    path("security/web-login", views.web_login),
    path("security/anti-hacking", views.anti_hacking),
    path("security/dry-run", views.dry_run),
    path("security/blocked-user-agents", views.blocked_user_agents),
    path("security/blocked-user-agents/<int:row_id>/delete", views.delete_user_agent),
]
