using CsCheck;
using Drover.Modules.Depmod;

namespace Drover.Modules.Tests.Depmod;

public class ByteTableTests
{
    [Fact]
    public void Numbers_agree_with_a_dictionary()
    {
        Gen.Byte[0, 3].Array[0, 6].Array[0, 5000].Sample(keys =>
        {
            var table = new ByteTable();
            var reference = new Dictionary<string, int>();
            foreach (var key in keys)
            {
                Assert.Equal(reference.GetValueOrDefault(Convert.ToHexString(key), -1), table.Find(key));
                reference.TryAdd(Convert.ToHexString(key), reference.Count);
                Assert.Equal(reference[Convert.ToHexString(key)], table.Add(key));
            }
            Assert.Equal(reference.Count, table.Count);
            Assert.All(reference, pair => Assert.Equal(pair.Key, Convert.ToHexString(table[pair.Value])));
        }, iter: 50);
    }
}
