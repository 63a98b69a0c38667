"""Where the regions of clouds lie: latitude and longitude in degrees, as near as their providers say.

Sources: the providers' own lists of regions (AWS, Azure, Google Cloud, DigitalOcean, Hetzner, OVH, Scaleway, Linode).
A region that is in no table has no place on the map, and is listed beside it. To place one, add its line.
"""

from __future__ import annotations

from collections.abc import Mapping

from basefly.base.facts.world import Point

_AWS = """
us-east-1 38.9 -77.4|us-east-2 40.0 -83.0|us-west-1 37.4 -121.9|us-west-2 45.8 -119.7|af-south-1 -33.9 18.4
ap-east-1 22.3 114.2|ap-east-2 25.0 121.5|ap-south-1 19.1 72.9|ap-south-2 17.4 78.5|ap-southeast-1 1.35 103.8
ap-southeast-2 -33.9 151.2|ap-southeast-3 -6.2 106.8|ap-southeast-4 -37.8 145.0|ap-southeast-5 3.1 101.7
ap-southeast-7 13.8 100.5|ap-northeast-1 35.7 139.7|ap-northeast-2 37.6 127.0|ap-northeast-3 34.7 135.5
ca-central-1 45.5 -73.6|ca-west-1 51.0 -114.1|eu-central-1 50.1 8.7|eu-central-2 47.4 8.5|eu-west-1 53.3 -6.3
eu-west-2 51.5 -0.1|eu-west-3 48.9 2.4|eu-north-1 59.3 18.1|eu-south-1 45.5 9.2|eu-south-2 41.6 -0.9
il-central-1 32.1 34.8|me-south-1 26.1 50.6|me-central-1 24.5 54.4|mx-central-1 20.6 -100.4|sa-east-1 -23.5 -46.6
us-gov-east-1 40.0 -83.0|us-gov-west-1 45.8 -119.7|cn-north-1 39.9 116.4|cn-northwest-1 37.5 105.2
"""
_AZURE = """
eastus 37.4 -79.0|eastus2 36.7 -78.4|centralus 41.6 -93.6|northcentralus 41.9 -87.6|southcentralus 29.4 -98.5
westus 37.8 -122.4|westus2 47.2 -119.9|westus3 33.4 -112.1|westcentralus 40.9 -110.2|canadacentral 43.7 -79.4
canadaeast 46.8 -71.2|brazilsouth -23.5 -46.6|mexicocentral 20.6 -100.4|northeurope 53.3 -6.3|westeurope 52.4 4.9
uksouth 51.5 -0.1|ukwest 51.5 -3.2|francecentral 48.9 2.4|francesouth 43.3 5.4|germanywestcentral 50.1 8.7
germanynorth 53.1 8.8|switzerlandnorth 47.4 8.5|switzerlandwest 46.2 6.1|norwayeast 59.9 10.8|swedencentral 60.7 17.1
polandcentral 52.2 21.0|italynorth 45.5 9.2|spaincentral 40.4 -3.7|israelcentral 32.1 34.8|uaenorth 25.3 55.3
qatarcentral 25.3 51.5|southafricanorth -26.2 28.0|southafricawest -33.9 18.4|centralindia 18.5 73.9
southindia 13.1 80.3|westindia 19.1 72.9|eastasia 22.3 114.2|southeastasia 1.35 103.8|japaneast 35.7 139.7
japanwest 34.7 135.5|koreacentral 37.6 127.0|koreasouth 35.2 129.1|australiaeast -33.9 151.2
australiasoutheast -37.8 145.0|australiacentral -35.3 149.1|newzealandnorth -36.8 174.8
"""
_GOOGLE = """
us-central1 41.3 -95.9|us-east1 33.2 -80.0|us-east4 38.9 -77.4|us-east5 40.0 -83.0|us-south1 32.8 -96.8
us-west1 45.6 -121.2|us-west2 34.1 -118.2|us-west3 40.8 -111.9|us-west4 36.2 -115.1
northamerica-northeast1 45.5 -73.6|northamerica-northeast2 43.7 -79.4|northamerica-south1 20.6 -100.4
southamerica-east1 -23.5 -46.6|southamerica-west1 -33.4 -70.7|europe-central2 52.2 21.0|europe-north1 60.6 27.2
europe-north2 59.3 18.1|europe-southwest1 40.4 -3.7|europe-west1 50.4 3.8|europe-west2 51.5 -0.1|europe-west3 50.1 8.7
europe-west4 53.4 6.8|europe-west6 47.4 8.5|europe-west8 45.5 9.2|europe-west9 48.9 2.4|europe-west10 52.5 13.4
europe-west12 45.1 7.7|me-west1 32.1 34.8|me-central1 25.3 51.5|me-central2 26.4 50.1|africa-south1 -26.2 28.0
asia-east1 24.1 120.5|asia-east2 22.3 114.2|asia-northeast1 35.7 139.7|asia-northeast2 34.7 135.5
asia-northeast3 37.6 127.0|asia-south1 19.1 72.9|asia-south2 28.6 77.2|asia-southeast1 1.35 103.8
asia-southeast2 -6.2 106.8|australia-southeast1 -33.9 151.2|australia-southeast2 -37.8 145.0
"""
_OTHERS = """
nyc1 40.7 -74.0|nyc2 40.7 -74.0|nyc3 40.7 -74.0|sfo2 37.8 -122.4|sfo3 37.8 -122.4|ams3 52.4 4.9|fra1 50.1 8.7
lon1 51.5 -0.1|tor1 43.7 -79.4|blr1 13.0 77.6|sgp1 1.35 103.8|syd1 -33.9 151.2|atl1 33.7 -84.4
fsn1 50.5 12.3|nbg1 49.5 11.1|hel1 60.2 24.9|ash 39.0 -77.5|hil 45.5 -122.9|sin 1.35 103.8
gra 51.0 2.1|rbx 50.7 3.2|sbg 48.6 7.8|bhs 45.3 -73.9|waw 52.2 21.0|de 50.1 8.7|uk 51.5 -0.1
fr-par 48.9 2.4|nl-ams 52.4 4.9|pl-waw 52.2 21.0|us-ord 41.9 -87.6|us-lax 34.1 -118.2|us-sea 47.6 -122.3
"""
_TOWNS = """
amsterdam 52.4 4.9|atlanta 33.7 -84.4|berlin 52.5 13.4|chicago 41.9 -87.6|dallas 32.8 -96.8|dublin 53.3 -6.3
frankfurt 50.1 8.7|hamburg 53.6 10.0|helsinki 60.2 24.9|hong-kong 22.3 114.2|jakarta -6.2 106.8|johannesburg -26.2 28.0
lisbon 38.7 -9.1|london 51.5 -0.1|los-angeles 34.1 -118.2|madrid 40.4 -3.7|melbourne -37.8 145.0|milan 45.5 9.2
montreal 45.5 -73.6|mumbai 19.1 72.9|munich 48.1 11.6|new-york 40.7 -74.0|oregon 45.8 -119.7|oslo 59.9 10.8
paris 48.9 2.4|prague 50.1 14.4|sao-paulo -23.5 -46.6|seattle 47.6 -122.3|seoul 37.6 127.0|shanghai 31.2 121.5
singapore 1.35 103.8|stockholm 59.3 18.1|sydney -33.9 151.2|tokyo 35.7 139.7|toronto 43.7 -79.4|vienna 48.2 16.4
virginia 38.9 -77.4|warsaw 52.2 21.0|zurich 47.4 8.5
"""


def _read(*tables: str) -> Mapping[str, Point]:
    lines = [line.split() for table in tables for line in table.replace("\n", "|").split("|") if line]
    return {name: Point(float(latitude), float(longitude)) for name, latitude, longitude in lines}


PLACES = _read(_AWS, _AZURE, _GOOGLE, _OTHERS, _TOWNS)


def place(region: str) -> Point | None:
    """Where a region lies, however its name is written: "West Europe" is westeurope, us-east-1a is us-east-1."""
    plain = region.strip().lower()
    dashed = "-".join(plain.replace("_", " ").split())
    for name in (dashed, dashed.replace("-", ""), dashed.rstrip("abcdef"), dashed.removesuffix("-")):
        if name in PLACES:
            return PLACES[name]
    return None
