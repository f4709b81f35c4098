"""The columns of FOCUS, one row each: its name in every version, the kind of its cells, and where its value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS = ("1.2", "1.4")


@dataclass(frozen=True)
class FocusColumn:
    """`names` leads from a version to the name there; a version that is missing has no such column.

    `value` is trusted SQL over a row of focus.sql. `fixed` columns tell where a charge is booked and whether it corrects
    another one: a correction sets them anew.
    """

    names: Mapping[str, str]
    kind: str
    value: str
    fixed: bool = False


def _all(name: str, kind: str, value: str, *, fixed: bool = False) -> FocusColumn:
    return FocusColumn(dict.fromkeys(VERSIONS, name), kind, value, fixed)


def _until(version: str, name: str, kind: str, value: str) -> FocusColumn:
    return FocusColumn({v: name for v in VERSIONS if v < version}, kind, value)


def _since(version: str, name: str, kind: str, value: str) -> FocusColumn:
    return FocusColumn({v: name for v in VERSIONS if v >= version}, kind, value)


COLUMNS: tuple[FocusColumn, ...] = (
    _all("BilledCost", "usd", "billed"),
    _all("BillingAccountId", "text", "account"),
    _all("BillingAccountName", "text", "account"),
    _all("BillingAccountType", "text", "'Billing Account'"),
    _all("BillingCurrency", "text", "'USD'"),
    _all("BillingPeriodEnd", "time", "month + INTERVAL 1 MONTH", fixed=True),
    _all("BillingPeriodStart", "time", "month", fixed=True),
    _all("ChargeCategory", "text", "category"),
    _all("ChargeClass", "text", "CAST(NULL AS VARCHAR)", fixed=True),
    _all("ChargeDescription", "text", "description"),
    _all("ChargeFrequency", "text", "frequency"),
    _all("ChargePeriodEnd", "time", "day_start + INTERVAL 1 DAY", fixed=True),
    _all("ChargePeriodStart", "time", "day_start", fixed=True),
    _all("CommitmentDiscountStatus", "text", "CAST(NULL AS VARCHAR)"),
    _all("ConsumedQuantity", "usd", "consumed"),
    _all("ConsumedUnit", "text", "consumed_unit"),
    _all("ContractedCost", "usd", "contracted"),
    _all("ContractedUnitPrice", "price", "contracted_price"),
    _all("EffectiveCost", "usd", "effective"),
    _since("1.3", "HostProviderName", "text", "provider_name"),
    _all("InvoiceId", "text", "CAST(NULL AS VARCHAR)"),
    _all("InvoiceIssuerName", "text", "provider_name"),
    _all("ListCost", "usd", "list"),
    _all("ListUnitPrice", "price", "list_price"),
    _all("PricingCategory", "text", "pricing_category"),
    _all("PricingCurrency", "text", "'USD'"),
    _all("PricingCurrencyContractedUnitPrice", "price", "contracted_price"),
    _all("PricingCurrencyEffectiveCost", "usd", "effective"),
    _all("PricingCurrencyListUnitPrice", "price", "list_price"),
    _all("PricingQuantity", "usd", "quantity"),
    _all("PricingUnit", "text", "pricing_unit"),
    _until("1.4", "ProviderName", "text", "provider_name"),
    _until("1.4", "PublisherName", "text", "provider_name"),
    _all("ServiceCategory", "text", "'AI and Machine Learning'"),
    _all("ServiceName", "text", "service_name"),
    _since("1.3", "ServiceProviderName", "text", "provider_name"),
    _all("ServiceSubcategory", "text", "'Generative AI'"),
    _all("SkuId", "text", "sku_id"),
    _all("SkuMeter", "text", "meter"),
    _all("SkuPriceDetails", "json", "details"),
    _all("SkuPriceId", "text", "sku_price_id"),
    _all("SubAccountId", "text", "f_project"),
    _all("SubAccountName", "text", "f_project"),
    _all("SubAccountType", "text", "CASE WHEN f_project IS NOT NULL THEN 'Project' END"),
    _all("Tags", "json", "tags"),
    _all("x_Agent", "text", "f_agent"),
    _all("x_CorrectedDay", "text", "CAST(NULL AS VARCHAR)", fixed=True),
    _all("x_CostSource", "text", "'computed'"),
    _all("x_Environment", "text", "f_environment"),
    _all("x_Feature", "text", "f_feature"),
    _all("x_ListPriceId", "text", "list_price_id"),
    _all("x_Model", "text", "model"),
    _all("x_Plan", "text", "f_plan"),
    _all("x_PriceTableDate", "text", "price_checked"),
    _all("x_RequestCount", "count", "requests"),
    _all("x_Scope", "text", "f_scope"),
    _all("x_Team", "text", "f_team"),
    _all("x_TokenType", "text", "token_type"),
)
"""FOCUS columns, then those of our own. What a later version renames is a row here.

1.2: FOCUS 1.2, as the rules of focus-validator 2.2.1 have it. 1.4: ProviderName and PublisherName have become
HostProviderName and ServiceProviderName (deprecated in 1.3, removed in 1.4).
"""
