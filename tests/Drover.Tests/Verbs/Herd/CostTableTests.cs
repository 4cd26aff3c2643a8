using Drover.Model;

namespace Drover.Tests.Verbs.Herd;

public class CostTableTests
{
    [Fact]
    public void Every_cost_has_its_name_and_sets_its_own_property()
    {
        var properties = typeof(CostModel).GetProperties().Where(property => property.PropertyType == typeof(double)).ToList();
        Assert.Equal(properties.Select(property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..]), CostTable.Names);
        foreach (var (property, name) in properties.Zip(CostTable.Names))
        {
            var costs = CostTable.With(new CostModel(), name, 12345)!;
            Assert.Equal(12345.0, property.GetValue(costs));
            Assert.Single(properties, other => !Equals(other.GetValue(costs), other.GetValue(new CostModel())));
        }
    }

    [Fact]
    public void A_scenarios_costs_are_checked()
    {
        var scenario = new Scenario { Name = "s", Cpus = 1, MemoryBytes = 1, Modules = [], Aliases = [], Devices = [] };
        Assert.Equal(5, CostTable.Of(scenario with { Costs = new Dictionary<string, double> { ["openNs"] = 5 } }).OpenNs);
        Assert.Throws<ScenarioException>(() => CostTable.Of(scenario with { Costs = new Dictionary<string, double> { ["opens"] = 5 } }));
        Assert.Throws<ScenarioException>(() => CostTable.Of(scenario with { Costs = new Dictionary<string, double> { ["openNs"] = double.NaN } }));
    }
}
