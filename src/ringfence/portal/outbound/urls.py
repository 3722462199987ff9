from django.urls import path

from ringfence.portal.outbound import bulk, code_pages, import_page, views

urlpatterns = [
    path("codes", code_pages.number_plan),
    path("codes/<slug:name>", code_pages.codes),
    path("codes/<slug:name>/bulk", code_pages.bulk),
    path("codes/<slug:name>/new", code_pages.new_code),
    path("codes/<slug:name>/<int:row_id>/delete", code_pages.delete_code),
    path("office-hours", views.list_hours),
    path("office-hours/bulk", bulk.OF_HOURS.view()),
    path("office-hours/new", views.new_hours),
    path("office-hours/<int:row_id>", views.hours),
    path("office-hours/<int:row_id>/delete", views.delete_hours),
    path("outbound-rules", views.list_rules),
    path("outbound-rules/bulk", bulk.OF_RULES.view()),
    path("outbound-rules/new", views.new_rule),
    path("outbound-rules/import", import_page.import_rules),
    path("outbound-rules/explain", views.question),
    path("outbound-rules/<int:row_id>", views.rule),
    path("outbound-rules/<int:row_id>/delete", views.delete_rule),
]
