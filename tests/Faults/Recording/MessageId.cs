namespace OrleansIoT.Faults.Recording;

/// <summary>A message by its topic and a number that its topic has once.</summary>
public readonly record struct MessageId(string Tenant, string Topic, long Number)
{
    public override string ToString() => $"{Tenant}:{Topic}#{Number}";
}
