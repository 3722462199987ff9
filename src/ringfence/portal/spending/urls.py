from django.urls import path

from ringfence.portal.spending import bulk, views

urlpatterns = [
    path("rates", views.rates),
    path("rates/bulk", bulk.OF_RATES.view()),
    path("rates/currency", views.change_currency),
    path("rates/new", views.new_rate),
    path("rates/import", views.import_rates),
    path("rates/<int:rate_id>", views.rate),
    path("rates/<int:rate_id>/delete", views.delete_rate),
    path("budgets", views.budgets),
    path("budgets/new", views.new_budget),
    path("budgets/lift", views.lift),
    path("budgets/<int:budget_id>", views.budget),
    path("budgets/<int:budget_id>/delete", views.delete_budget),
]
