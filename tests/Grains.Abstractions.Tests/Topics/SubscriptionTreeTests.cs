using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Abstractions.Tests.Topics;

public sealed class SubscriptionTreeTests
{
    private static readonly string[] Levels = ["a", "b", "", "$x"];
    private readonly SubscriptionTree<string> _tree = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_finds_what_a_search_through_all_filters_finds(int seed)
    {
        var random = new Random(seed);
        var filters = new HashSet<string>();
        for (var round = 0; round < 2_000; round++)
        {
            var filter = Filter(random);
            if (random.Next(3) > 0)
            {
                filters.Add(filter);
                _tree.Add(filter, filter);
            }
            else
            {
                Assert.Equal(filters.Remove(filter), _tree.Remove(filter, filter));
            }

            var topic = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Levels[random.Next(Levels.Length)]));
            Assert.Equal(filters.Where(f => TopicFilter.Matches(f, topic)).Order(), Find(topic).Order());
        }
    }

    [Fact]
    public void Equal_values_replace_one_another()
    {
        _tree.Add("a/+", "x");
        _tree.Add("a/+", "x");
        Assert.Equal(["x"], Find("a/b"));
        Assert.True(_tree.Remove("a/+", "x"));
        Assert.Empty(Find("a/b"));
    }

    [Fact]
    public void Every_change_has_a_version_of_its_own()
    {
        var before = _tree.Version;
        _tree.Add("a", "x");
        var added = _tree.Version;
        Assert.NotEqual(before, added);
        Assert.Equal(added, _tree.Match("a", []));
        Assert.False(_tree.Remove("b", "x"));
        Assert.Equal(added, _tree.Version);
        _tree.Remove("a", "x");
        Assert.NotEqual(added, _tree.Version);
    }

    private List<string> Find(string topic)
    {
        List<string> found = [];
        _tree.Match(topic, found);
        return found;
    }

    private static string Filter(Random random)
    {
        var levels = Enumerable.Range(0, random.Next(1, 5))
            .Select(_ => random.Next(3) == 0 ? "+" : Levels[random.Next(Levels.Length)]).ToList();
        if (random.Next(3) == 0)
        {
            levels[^1] = "#";
        }

        return string.Join('/', levels);
    }
}
