namespace OrleansIoT.Load;

/// <summary>Who connects. Without a key it has no credentials.</summary>
internal sealed record Device(string Id, string? Key)
{
    public string Topic => $"devices/{Id}/load";
}
