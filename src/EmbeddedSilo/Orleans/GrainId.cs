namespace Orleans.Runtime;

/// <summary>The kind of a grain: by default the class name in lower case without its ending "Grain".</summary>
public readonly record struct GrainType(string Value)
{
    public static GrainType Create(string value) => new(value);

    public override string ToString() => Value;
}

/// <summary>A grain's key within its type.</summary>
public readonly record struct IdSpan(string Value)
{
    public static IdSpan Create(string id) => new(id);

    public override string ToString() => Value;
}

/// <summary>A grain's identity: its type and its key.</summary>
public readonly record struct GrainId(GrainType Type, IdSpan Key)
{
    public static GrainId Create(string type, string key) => new(new GrainType(type), new IdSpan(key));

    public override string ToString() => $"{Type}/{Key}";
}
