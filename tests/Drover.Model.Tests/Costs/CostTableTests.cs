using System.Reflection;
using System.Text.Json;

namespace Drover.Model.Tests.Costs;

public sealed class CostTableTests
{
    [Fact]
    public void Every_cost_has_its_name_in_the_table()
    {
        var properties = typeof(CostModel).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        Assert.Equal(properties, CostTable.All.Select(cost => cost.Name));
    }

    [Fact]
    public void A_cost_set_by_name_is_that_cost_and_no_other()
    {
        var costs = new CostModel();
        foreach (var cost in CostTable.All)
        {
            var changed = costs.With(new Dictionary<string, double> { [cost.Name] = 12345 });
            Assert.Equal([cost.Name], CostTable.All.Where(other => other.Of(changed) != other.Of(costs)).Select(other => other.Name));
            Assert.Equal(12345, cost.Of(changed));
        }
    }

    [Fact]
    public void An_unknown_cost_is_told() =>
        Assert.Contains("openns", Assert.Throws<ScenarioException>(() => new CostModel().With(new Dictionary<string, double> { ["openns"] = 1 })).Message, StringComparison.Ordinal);
}
