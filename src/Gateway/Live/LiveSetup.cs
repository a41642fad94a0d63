using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrleansIoT.Gateway.Live;

internal static class LiveSetup
{
    public static void AddLiveStreams(this IServiceCollection services)
    {
        services.AddSingleton(provider => new FeedBudget(provider.GetRequiredService<IOptions<GatewayOptions>>().Value.StreamBufferBytes));
        services.AddSingleton<LiveTopics>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveTopics>());
        services.AddSingleton<LiveStreams>();
        services.AddSingleton<StreamApi.Opening>();
    }
}
