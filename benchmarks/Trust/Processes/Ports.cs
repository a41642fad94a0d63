namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>Where a process listens, on the loopback.</summary>
/// <param name="Plain">HTTP.</param>
/// <param name="MutualTls">The same over mutual TLS, or 0.</param>
/// <param name="Product">The product's HTTP, where it is in the process, or 0.</param>
/// <param name="Mqtt">The product's MQTT, likewise.</param>
internal sealed record Ports(int Plain, int MutualTls = 0, int Product = 0, int Mqtt = 0);
