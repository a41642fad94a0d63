namespace OrleansIoT.Load;

/// <summary>Who connects. Without a key it has no credentials.</summary>
internal sealed record Device(string Id, string? Key)
{
    public string Topic => $"devices/{Id}/load";

    public static Device[] Anonymous(int count) => [.. Enumerable.Range(0, count).Select(i => new Device($"load-{i}", null))];
}
