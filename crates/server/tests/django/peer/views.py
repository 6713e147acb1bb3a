from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator
from rest_framework.views import APIView

User = get_user_model()


class Registration(serializers.ModelSerializer):
    email = serializers.EmailField(
        validators=[UniqueValidator(User.objects.all(), "A user with that email already exists.", "iexact")]
    )
    password = serializers.CharField(write_only=True, validators=[validate_password])
    password2 = serializers.CharField(write_only=True)

    class Meta:
        model = User
        fields = ("username", "email", "password", "password2")

    def validate(self, attrs):
        if attrs["password"] != attrs.pop("password2"):
            raise serializers.ValidationError("Passwords must match.")
        return attrs

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class Register(generics.CreateAPIView):
    serializer_class = Registration
    permission_classes = [AllowAny]


class Remark(serializers.Serializer):
    text = serializers.CharField()


class Dashboard(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"message": f"Hi {request.user.username}"})

    def post(self, request):
        remark = Remark(data=request.data)
        remark.is_valid(raise_exception=True)
        text = remark.validated_data["text"]
        return Response({"message": f"Hi {request.user.username}, your text is {text}"})
