using System.Reflection;
using System.Text.Json;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Scenarios;

public sealed class CostTableTests
{
    [Fact]
    public void Table_has_every_cost()
    {
        var properties = typeof(CostModel).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(
            property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        Assert.Equal(properties, CostTable.All.Select(cost => cost.Name));
    }

    [Fact]
    public void With_changes_only_the_named_cost()
    {
        var costs = new CostModel();
        foreach (var cost in CostTable.All)
        {
            var changed = costs.With(new Dictionary<string, double> { [cost.Name] = 12345 });
            Assert.Equal(
                [cost.Name],
                CostTable.All.Where(other => other.Of(changed) != other.Of(costs)).Select(other => other.Name));
            Assert.Equal(12345, cost.Of(changed));
        }
    }

    [Fact]
    public void With_refuses_an_unknown_cost() =>
        Assert.Contains(
            "openns",
            Assert.Throws<ScenarioException>(
                () => new CostModel().With(new Dictionary<string, double> { ["openns"] = 1 })).Message,
            StringComparison.Ordinal);
}
