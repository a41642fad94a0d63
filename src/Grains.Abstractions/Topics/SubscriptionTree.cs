namespace OrleansIoT.Topics;

/// <summary>
/// Values by topic filter, found by topic name. A filter without wildcards is found by its hash, and a tree of levels holds
/// the others, so that a search costs what its matches and its levels cost, whatever else is in there. For any number of
/// threads.
/// </summary>
/// <typeparam name="T">What is kept under a filter; at most one of equal values.</typeparam>
public sealed class SubscriptionTree<T>
    where T : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, HashSet<T>> _exact = [];
    private readonly Node _root = new();
    private long _version;

    /// <summary>Changes with every change, so that who keeps an answer knows whether it still holds.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Adds the value under the filter; an equal one is replaced.</summary>
    public void Add(string filter, T value)
    {
        lock (_gate)
        {
            if (!HasWildcard(filter))
            {
                if (!_exact.TryGetValue(filter, out var values))
                {
                    _exact.Add(filter, values = []);
                }

                Put(values, value);
            }
            else
            {
                var node = _root;
                foreach (var level in filter.Split('/'))
                {
                    node = node.Child(level);
                }

                Put(node.Values ??= [], value);
            }

            Volatile.Write(ref _version, _version + 1);
        }
    }

    /// <summary>Removes a value that is equal, and what nobody needs any more.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Remove(string filter, T value)
    {
        lock (_gate)
        {
            var removed = HasWildcard(filter) ? RemoveBelow(filter.Split('/'), value) : RemoveExact(filter, value);
            if (removed)
            {
                Volatile.Write(ref _version, _version + 1);
            }

            return removed;
        }
    }

    /// <summary>Adds to <paramref name="matches"/> everything whose filter matches the topic name (MQTT 5.0 section 4.7).</summary>
    /// <returns>The version that the answer is of.</returns>
    public long Match(string topic, List<T> matches)
    {
        lock (_gate)
        {
            if (_exact.TryGetValue(topic, out var values))
            {
                matches.AddRange(values);
            }

            if (!_root.IsEmpty)
            {
                Match(topic, matches, new Stack<(Node Node, int Start)>());
            }

            return _version;
        }
    }

    private void Match(string topic, List<T> matches, Stack<(Node Node, int Start)> open)
    {
        open.Push((_root, 0));
        while (open.TryPop(out var place))
        {
            var (node, start) = place;
            var isFirst = start == 0;
            var wildcards = !isFirst || topic is not ['$', ..]; // [MQTT-4.7.2-1]
            if (wildcards && node.Many?.Values is { } many)
            {
                matches.AddRange(many); // '#' matches its parent too: a/# matches a
            }

            if (start > topic.Length)
            {
                if (node.Values is { } here)
                {
                    matches.AddRange(here);
                }

                continue;
            }

            var slash = topic.IndexOf('/', start);
            var end = slash < 0 ? topic.Length : slash;
            if (node.Find(topic.AsSpan(start, end - start)) is { } child)
            {
                open.Push((child, end + 1));
            }

            if (wildcards && node.One is { } one)
            {
                open.Push((one, end + 1));
            }
        }
    }

    private bool RemoveExact(string filter, T value)
    {
        if (!_exact.TryGetValue(filter, out var values) || !values.Remove(value))
        {
            return false;
        }

        if (values.Count == 0)
        {
            _exact.Remove(filter);
        }

        return true;
    }

    private bool RemoveBelow(string[] levels, T value)
    {
        var path = new Node[levels.Length + 1];
        path[0] = _root;
        for (var i = 0; i < levels.Length; i++)
        {
            if (path[i].Find(levels[i]) is not { } child)
            {
                return false;
            }

            path[i + 1] = child;
        }

        if (path[^1].Values is not { } values || !values.Remove(value))
        {
            return false;
        }

        if (values.Count == 0)
        {
            path[^1].Values = null;
        }

        for (var i = levels.Length; i > 0 && path[i].IsEmpty; i--)
        {
            path[i - 1].Forget(levels[i - 1]);
        }

        return true;
    }

    private static void Put(HashSet<T> values, T value)
    {
        values.Remove(value);
        values.Add(value);
    }

    private static bool HasWildcard(string filter) => filter.AsSpan().ContainsAny('+', '#');

    private sealed class Node
    {
        private Dictionary<string, Node>? _children;

        public HashSet<T>? Values { get; set; }

        /// <summary>Below <c>+</c>.</summary>
        public Node? One { get; private set; }

        /// <summary>Below <c>#</c>.</summary>
        public Node? Many { get; private set; }

        public bool IsEmpty => Values is null && One is null && Many is null && _children is null;

        public Node Child(string level)
        {
            switch (level)
            {
                case "+":
                    return One ??= new Node();
                case "#":
                    return Many ??= new Node();
                default:
                    _children ??= [];
                    if (!_children.TryGetValue(level, out var child))
                    {
                        _children.Add(level, child = new Node());
                    }

                    return child;
            }
        }

        /// <summary>The child of a level's text; of the wildcards too, which no topic name has.</summary>
        public Node? Find(ReadOnlySpan<char> level) => level switch
        {
            "+" => One,
            "#" => Many,
            _ => _children is null
                ? null
                : _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(level, out var child) ? child : null,
        };

        public void Forget(string level)
        {
            switch (level)
            {
                case "+":
                    One = null;
                    break;
                case "#":
                    Many = null;
                    break;
                default:
                    _children!.Remove(level);
                    _children = _children.Count == 0 ? null : _children;
                    break;
            }
        }
    }
}
