"""CloudWatch: moto's metrics, with percentiles and metric math as AWS documents them."""

import ast
import datetime
import math
import operator
import re
import time

from moto.cloudwatch import models
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Statistics, cloudwatch_backends

from .wire import ACCOUNT

_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)$")
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def correct():
    """moto knows no percentiles, and of metric math only an id alone."""
    plain = Statistics.get_statistics_for_type

    def statistic(self, stat):
        found = _PERCENTILE.match(stat)
        return _percentile(self.metric_single_values_list, float(found[1])) if found else plain(self, stat)

    Statistics.get_statistics_for_type = statistic
    models.parse_expression = _evaluated


def put(given, region):
    """Points of one metric, each as how many minutes ago, and a value. Several of one minute are several observations."""
    dimensions = [{"Name": name, "Value": value} for name, value in given.get("dimensions", {}).items()]
    minute = int(time.time()) // 60
    data = [
        {
            "MetricName": given["metric"],
            "Dimensions": dimensions,
            # As moto has those of its own API.
            "Timestamp": datetime.datetime.fromtimestamp((minute - ago) * 60, datetime.UTC).replace(tzinfo=None),
            "Value": value,
        }
        for ago, value in given["points"]
    ]
    cloudwatch_backends[ACCOUNT][region].put_metric_data(given["namespace"], data)
    return {"points": len(data)}


def _percentile(values, percent):
    """The nearest of the values, by rank."""
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank - 1, 0)]


def _evaluated(expression, results):
    """Arithmetic over the ids of the same call: a minute counts where every id has a point."""
    series = {result["id"]: dict(zip(result["timestamps"], result["values"])) for result in results}
    try:
        tree = ast.parse(expression, mode="eval").body
        # One that is wrong is refused, whatever there is to compute.
        _value(tree, dict.fromkeys(series))
        minutes = sorted({at for points in series.values() for at in points})
        values = {at: _value(tree, {name: points.get(at) for name, points in series.items()}) for at in minutes}
    except (SyntaxError, LookupError) as error:
        # The words of a ValidationError of GetMetricData.
        raise ValidationError(f"Error in expression '{expression}' [{error}]") from error
    told = {at: value for at, value in values.items() if value is not None}
    return list(told.values()), list(told)


def _value(node, at_that_minute):
    """Nothing where a minute has no point, or would be divided by zero."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in at_that_minute:
            raise LookupError(f"the id {node.id} is unknown")
        return at_that_minute[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, at_that_minute), _value(node.right, at_that_minute)
        missing = left is None or right is None or (right == 0 and isinstance(node.op, ast.Div))
        return None if missing else _OPERATORS[type(node.op)](left, right)
    raise LookupError(f"unsupported: {ast.unparse(node)}")
