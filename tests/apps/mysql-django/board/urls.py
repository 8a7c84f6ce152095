from django.http import HttpResponse, JsonResponse
from django.urls import path

from board.models import Card


def health(request):
    return HttpResponse("up")


def cards(request):
    return JsonResponse([card.title for card in Card.objects.order_by("id")], safe=False)


def add(request, title):
    Card.objects.create(title=title)
    return HttpResponse("kept")


urlpatterns = [path("", health), path("cards", cards), path("add/<title>", add)]
